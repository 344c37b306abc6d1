# Every column's main effect. A missing number takes the median, a missing category the first level; a column that
# holds one value alone says nothing and is left out. The columns are whatever the data package says.
fit <- function(train) {
  for (name in setdiff(names(train), "bad")) {
    absent <- is.na(train[[name]])
    if (is.factor(train[[name]])) {
      train[[name]][absent] <- levels(train[[name]])[1]
    } else {
      train[[name]][absent] <- median(train[[name]], na.rm = TRUE)
    }
  }
  varied <- Filter(function(column) length(unique(column)) > 1, train)
  glm(bad ~ ., family = binomial, data = varied)
}
