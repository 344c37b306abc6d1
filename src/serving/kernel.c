/* codes of applicants -> sums of the leaves that they reach: by tables of bits (tables.py), or by nodes (trees.py)

   It knows nothing of the model, allocates nothing and checks nothing. Codes are places, from 0 on. All is whole
   numbers whose sums wrap: no order, compiler or processor changes them, and numpy finds the same ones. */
#include <stdint.h>
#include <string.h>

#if defined(__GNUC__) && defined(__x86_64__) && defined(__GLIBC__) && defined(__has_attribute) && !defined(PLAIN)
#if __has_attribute(target_clones)
#define FAST __attribute__((target_clones("avx2", "default"))) /* one of them is chosen when this is loaded */
#endif
#endif
#ifndef FAST
#define FAST
#endif

#if defined(__GNUC__) && !defined(PLAIN)
#define ones(bits) ((uint64_t)__builtin_popcountll(bits))
#define lowest(bits) __builtin_ctzll(bits)
#else
static inline uint64_t ones(uint64_t bits)
{
    uint64_t found = 0;
    for (; bits; bits &= bits - 1) found++;
    return found;
}
#define lowest(bits) ones(((bits) & (0 - (bits))) - 1)
#endif

enum { STEP = 32 }; /* words at a time: what replacements share stays close to the processor */
const int64_t kernel_step = STEP;

struct tables {
    const uint64_t *rows;              /* [places of all features][words]: a bit for each leaf that allows the place */
    const int64_t *base;               /* [features]: the row of a feature's place 0 */
    const int32_t *part, *first, *end; /* [blocks]: words from first to end belong to the part */
    const uint64_t *one, *weights;     /* [blocks]: what each bit weighs, or 0 where weights [64 * words] say it */
    uint64_t *scratch;                 /* [(features + 1) * STEP] */
    int64_t words, features, blocks, parts;
};

static inline const uint64_t *row(const struct tables *t, const int32_t *codes, int64_t feature, int64_t at)
{
    return t->rows + (t->base[feature] + codes[feature]) * t->words + at;
}

static inline void keep(uint64_t *restrict bits, const uint64_t *restrict other, int64_t n)
{
    for (int64_t i = 0; i < n; i++) bits[i] &= other[i];
}

static inline void both(uint64_t *restrict to, const uint64_t *restrict one, const uint64_t *restrict other, int64_t n)
{
    for (int64_t i = 0; i < n; i++) to[i] = one[i] & other[i];
}

/* what the bits of a step's words weigh */
static inline uint64_t weight(const struct tables *t, int64_t block, int64_t at, const uint64_t *bits, int64_t n)
{
    uint64_t sum = 0;
    if (t->one[block])
        for (int64_t i = 0; i < n; i++) sum += t->one[block] * ones(bits[i]);
    else
        for (int64_t i = 0; i < n; i++)
            for (uint64_t left = bits[i]; left; left &= left - 1) sum += t->weights[64 * (at + i) + lowest(left)];
    return sum;
}

/* the sums of each part */
FAST void tables_own(const struct tables *t, const int32_t *codes, uint64_t *sums)
{
    uint64_t bits[STEP];
    memset(sums, 0, (size_t)t->parts * sizeof *sums);
    for (int64_t b = 0; b < t->blocks; b++)
        for (int64_t at = t->first[b], n; at < t->end[b]; at += n) {
            n = t->end[b] - at < STEP ? t->end[b] - at : STEP;
            memset(bits, 0xff, sizeof bits);
            for (int64_t f = 0; f < t->features; f++) keep(bits, row(t, codes, f, at), n);
            sums[t->part[b]] += weight(t, b, at, bits, n);
        }
}

/* for each feature whose code differs from the reference's: sums with that one exchanged, and the feature [parts + 1];
   returns how many there are */
FAST int32_t tables_replaced(const struct tables *t, const int32_t *codes, const int32_t *reference, uint64_t *found)
{
    uint64_t bits[STEP], *before = t->scratch, *after = before + STEP;
    int64_t wide = t->parts + 1, many = 0, *feature = (int64_t *)found + t->parts; /* of the i-th: feature[i * wide] */
    for (int64_t f = 0; f < t->features; f++)
        if (codes[f] != reference[f]) {
            memset(found + many * wide, 0, (size_t)t->parts * sizeof *found);
            feature[many++ * wide] = f;
        }
    for (int64_t b = 0; many && b < t->blocks; b++)
        for (int64_t at = t->first[b], n; at < t->end[b]; at += n) {
            n = t->end[b] - at < STEP ? t->end[b] - at : STEP;
            memset(before, 0xff, STEP * sizeof *before); /* of all that are equal, then of those before the i-th, too */
            for (int64_t f = 0; f < t->features; f++)
                if (codes[f] == reference[f]) keep(before, row(t, codes, f, at), n);
            memset(after + (many - 1) * STEP, 0xff, STEP * sizeof *after); /* of those after the i-th */
            for (int64_t i = many - 1; i; i--)
                both(after + (i - 1) * STEP, after + i * STEP, row(t, codes, feature[i * wide], at), n);
            for (int64_t i = 0; i < many; i++) {
                both(bits, after + i * STEP, row(t, reference, feature[i * wide], at), n);
                keep(bits, before, n);
                found[i * wide + t->part[b]] += weight(t, b, at, bits, n);
                keep(before, row(t, codes, feature[i * wide], at), n);
            }
        }
    return (int32_t)many;
}

struct node { int32_t column, split, child[2]; }; /* the first child where the column's code is at most split */

struct nodes {
    const struct node *nodes;
    const uint64_t *weights;               /* [leaves]: child ~l is leaf l */
    const int32_t *root, *part;            /* [trees] */
    const int32_t *feature, *start, *code; /* [columns]: code[start + place] of a feature's place */
    int32_t *scratch;                      /* [2 * columns + 2 * features] */
    int64_t trees, columns, features, parts;
};

static inline void read_columns(const struct nodes *t, const int32_t *codes, int32_t *values)
{
    for (int64_t c = 0; c < t->columns; c++) values[c] = t->code[t->start[c] + codes[t->feature[c]]];
}

/* as tables_own */
void nodes_own(const struct nodes *t, const int32_t *codes, uint64_t *sums)
{
    memset(sums, 0, (size_t)t->parts * sizeof *sums);
    read_columns(t, codes, t->scratch);
    for (int64_t tree = 0; tree < t->trees; tree++) {
        int32_t at = t->root[tree];
        while (at >= 0) at = t->nodes[at].child[t->scratch[t->nodes[at].column] > t->nodes[at].split];
        sums[t->part[tree]] += t->weights[~at];
    }
}

/* as tables_replaced, in one pass a tree: where the reference first goes another way, the leaf of that is looked for;
   found has a row more, for the own sums */
int32_t nodes_replaced(const struct nodes *t, const int32_t *codes, const int32_t *reference, uint64_t *found)
{
    int32_t *values = t->scratch, *others = values + t->columns;
    int32_t *place = others + t->columns, *parted = place + t->features; /* of a feature; of those that led elsewhere */
    int64_t wide = t->parts + 1, many = 0;
    for (int64_t f = 0; f < t->features; f++) {
        place[f] = (int32_t)many;
        if (codes[f] != reference[f]) found[many++ * wide + t->parts] = (uint64_t)f;
    }
    uint64_t *own = found + many * wide;
    for (int64_t i = 0; i <= many; i++) memset(found + i * wide, 0, (size_t)t->parts * sizeof *found);
    read_columns(t, codes, values);
    read_columns(t, reference, others);
    for (int64_t tree = 0; many && tree < t->trees; tree++) {
        int32_t at = t->root[tree], count = 0;
        while (at >= 0) {
            const struct node *node = t->nodes + at;
            int32_t feature = t->feature[node->column], way = values[node->column] > node->split, i = 0;
            int32_t other = others[node->column] > node->split, to = node->child[other];
            while (way != other && i < count && parted[i] != place[feature]) i++;
            if (way != other && i == count) {
                while (to >= 0) {
                    const int32_t *asked = t->feature[t->nodes[to].column] == feature ? others : values;
                    to = t->nodes[to].child[asked[t->nodes[to].column] > t->nodes[to].split];
                }
                found[place[feature] * wide + t->part[tree]] += t->weights[~to];
                parted[count++] = place[feature];
            }
            at = node->child[way];
        }
        own[t->part[tree]] += t->weights[~at];
        while (count) found[parted[--count] * wide + t->part[tree]] -= t->weights[~at];
    }
    for (int64_t i = 0; i < many; i++)
        for (int64_t p = 0; p < t->parts; p++) found[i * wide + p] += own[p];
    return (int32_t)many;
}
