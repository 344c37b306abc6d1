# A folder with `job`, `numbers`, `asked` and `script.R` -> `answer`, and of a model that is kept `model.rds` and `pd`.
#
# What src/model/r/session.py runs by Rscript. Texts are zero-terminated, numbers float64 as they lie in memory, so that
# nothing is rounded on its way; coefficients come back as hexadecimal. What cannot be read as a table is refused by
# its kind and its term: the sentences are session.py's.

texts <- function(path) {
  stream <- file(path, "rb")
  on.exit(close(stream))
  found <- readBin(stream, "character", file.size(path))
  Encoding(found) <- "UTF-8"
  found
}

doubles <- function(path) {
  stream <- file(path, "rb")
  on.exit(close(stream))
  readBin(stream, "double", file.size(path) / 8, endian = "little")
}

write_texts <- function(records, path) {
  stream <- file(path, "wb")
  on.exit(close(stream))
  writeBin(enc2utf8(unlist(records)), stream)
}

# A job's columns, each c(name, level, ...); a number has no levels.
columns_of <- function(words) {
  columns <- list()
  while (length(words)) {
    size <- as.integer(words[2])
    columns[[length(columns) + 1]] <- list(name = words[1], levels = words[2 + seq_len(size)])
    words <- words[-seq_len(2 + size)]
  }
  columns
}

frame_of <- function(columns, numbers) {
  rows <- length(numbers) / length(columns)
  values <- lapply(seq_along(columns), function(place) {
    column <- numbers[(place - 1) * rows + seq_len(rows)]
    column[is.nan(column)] <- NA
    levels <- columns[[place]]$levels
    if (length(levels)) structure(as.integer(column) + 1L, levels = levels, class = "factor") else column
  })
  names(values) <- vapply(columns, function(column) column$name, "")
  structure(values, class = "data.frame", row.names = .set_row_names(rows))
}

refuse <- function(kind, term = "", said = "") {
  stop(errorCondition(said, class = "refused", kind = kind, term = term))
}

text_of <- function(expression) paste(deparse(expression), collapse = " ")

# The script's function `fit`; a script that defines none is not run.
fit_of <- function(path) {
  code <- tryCatch(
    parse(path, keep.source = FALSE, encoding = "UTF-8"),
    error = function(error) refuse("unreadable", said = conditionMessage(error))
  )
  defines <- function(line) {
    is.call(line) && text_of(line[[1]]) %in% c("<-", "=") && identical(line[[2]], quote(fit))
  }
  if (!any(vapply(as.list(code), defines, NA))) {
    refuse(if (any(c("saveRDS", "save") %in% all.names(code))) "saves" else "fitless")
  }
  room <- new.env(parent = globalenv())
  for (line in as.list(code)) eval(line, room)
  if (!is.function(room$fit)) refuse("fitless")
  room$fit
}

# The names of the columns whose main effects the model is; refuses whatever no table can say.
plain_terms <- function(model, train) {
  if (!inherits(model, "glm")) refuse("class", class(model)[1])
  family <- model$family
  if (family$family != "binomial" || family$link != "logit") {
    refuse("family", paste0(family$family, "(", family$link, ")"))
  }
  terms <- terms(model)
  variables <- as.list(attr(terms, "variables"))[-1]
  frame <- model.frame(model)
  if (!is.null(attr(terms, "offset"))) refuse("offset", text_of(variables[[attr(terms, "offset")[1]]]))
  if (!is.null(model.offset(frame))) refuse("offset", text_of(model$call$offset))
  if (!is.null(model.weights(frame)) || any(model$prior.weights != 1)) refuse("weights", text_of(model$call$weights))
  mixed <- attr(terms, "term.labels")[attr(terms, "order") > 1]
  if (length(mixed)) refuse("interaction", mixed[1])
  for (variable in variables) {
    if (!is.name(variable)) refuse("transformation", text_of(variable))
    if (!as.character(variable) %in% names(train)) refuse("unknown", as.character(variable))
  }
  names <- vapply(variables, as.character, "")
  if (attr(terms, "response") != 1 || names[1] != "bad") refuse("response", text_of(formula(model)[[2]]))
  names[-1]
}

# Refuses a model of other rows or values than the columns have: of such a one the coefficients say nothing here.
check_values <- function(model, train, names) {
  frame <- model.frame(model)
  if (!is.null(model$na.action)) {
    refuse("missing", paste(names[vapply(train[names], anyNA, NA)], collapse = ", "))
  }
  rows <- match(rownames(frame), rownames(train))
  if (anyNA(rows)) refuse("rows")
  if (!is.null(model$y) && any(as.numeric(model$y) != train$bad[rows])) refuse("changed", "bad")
  for (name in names) {
    given <- train[[name]][rows]
    used <- frame[[name]]
    if (is.factor(given)) {
      alike <- is.factor(used) || is.character(used)
      given <- as.character(given)
      used <- as.character(used)
    } else {
      alike <- is.numeric(used) && is.null(dim(used))
    }
    known <- !is.na(given)
    if (!alike || !isTRUE(all(used[known] == given[known]))) refuse("changed", name)
    if (is.factor(train[[name]]) && !identical(model$contrasts[[name]], "contr.treatment")) {
      refuse("contrasts", name)
    }
  }
}

# Records c(kind, name, level, number): the intercept, each number's slope, each level's weight in the model's order.
table_of <- function(model, names) {
  weights <- coef(model)
  shape <- model.matrix(terms(model), model.frame(model)[1, , drop = FALSE], contrasts.arg = model$contrasts)
  if (!identical(colnames(shape), names(weights))) refuse("coefficients")
  term <- attr(shape, "assign")
  records <- list(c("intercept", "", "", sprintf("%a", if (any(term == 0)) weights[[1]] else 0)))
  for (place in seq_along(names)) {
    own <- weights[term == place]
    levels <- model$xlevels[[names[place]]]
    if (is.null(levels)) {
      if (is.na(own)) refuse("aliased", names[place])
      records <- c(records, list(c("slope", names[place], "", sprintf("%a", own))))
    } else {
      if (length(own) < length(levels)) own <- c(0, own)
      if (anyNA(own)) refuse("aliased", paste(names[place], "=", levels[is.na(own)][1]))
      records <- c(records, Map(function(level, weight) c("level", names[place], level, sprintf("%a", weight)), levels, own))
    }
  }
  records
}

# The model's own PDs; NaN where R cannot score: something is missing, or has a level that the model has not seen.
score <- function(model, asked, names) {
  known <- rep(TRUE, nrow(asked))
  for (name in names) {
    levels <- model$xlevels[[name]]
    known <- known & if (is.null(levels)) !is.na(asked[[name]]) else as.character(asked[[name]]) %in% levels
  }
  found <- rep(NaN, nrow(asked))
  if (any(known)) found[known] <- predict(model, asked[known, , drop = FALSE], type = "response")
  found
}

work <- function(folder) {
  words <- texts(file.path(folder, "job"))
  columns <- columns_of(words[-(1:2)])
  numbers <- doubles(file.path(folder, "numbers"))
  train <- frame_of(c(columns, list(list(name = "bad", levels = character()))), numbers)
  fit <- fit_of(file.path(folder, "script.R"))
  said <- character()
  note <- function(warning) {
    said <<- c(said, conditionMessage(warning))
    invokeRestart("muffleWarning")
  }
  set.seed(as.integer(words[1]))
  model <- withCallingHandlers(
    tryCatch(fit(train), error = function(error) refuse("failed", said = conditionMessage(error))),
    warning = note
  )
  names <- plain_terms(model, train)
  check_values(model, train, names)
  records <- table_of(model, names)
  if (words[2] == "keep") {
    saveRDS(model, file.path(folder, "model.rds"), version = 3)
    asked <- frame_of(columns, doubles(file.path(folder, "asked")))
    writeBin(score(model, asked, names), file.path(folder, "pd"), endian = "little")
  }
  c(records, lapply(unique(said), function(text) c("warning", "", "", text)))
}

main <- function(folder) {
  about <- list(
    c("about", "version", "", as.character(getRversion())),
    c("about", "blas", "", extSoftVersion()[["BLAS"]])
  )
  records <- tryCatch(
    work(folder),
    refused = function(refusal) list(c("refused", refusal$kind, refusal$term, conditionMessage(refusal)))
  )
  write_texts(c(about, records), file.path(folder, "answer"))
}

options(keep.source = FALSE)
main(commandArgs(trailingOnly = TRUE)[1])
