// Marks a function of plain loops to be compiled for AVX2 too, the version being chosen when the program starts: what
// is distributed runs on any x86-64, and fast on those of the last ten years.
#pragma once

// Sanitizers do not get along with functions that are chosen so early.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__) && \
    !defined(__SANITIZE_THREAD__)
#define PEGBOX_VECTORIZED __attribute__((target_clones("arch=haswell", "default")))
#else
#define PEGBOX_VECTORIZED
#endif
