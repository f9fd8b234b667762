/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the fuzz targets share. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A statement that must hold for every input. */
#define MUST(holds) do {                                                             \
	if (!(holds)) {                                                              \
		fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #holds); \
		abort();                                                             \
	}                                                                            \
} while (0)

#endif
