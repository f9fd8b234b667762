/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fuzz the object of the storage quorum: what is read is in its bounds, and what is written is read again. */
#include "lk/qwkobject.h"

#include <string.h>

#include "fuzz.h"
#include "lk/msg.h"
#include "lk/poison.h"

static void check(const struct lk_qwk_object *object)
{
	unsigned char bytes[LK_QWK_SIZE];
	struct lk_qwk_object again;
	struct lk_err err;

	MUST(memchr(object->local, '\0', sizeof(object->local)));
	MUST(object->n < LK_QWK_NODES);
	lk_qwk_object_format(object, bytes);
	MUST(lk_qwk_object_parse(bytes, object->local, &again, &err) == 0);
	MUST(again.lease == object->lease && again.stop == object->stop);
	MUST(again.time == object->time && again.sequence == object->sequence && again.n == object->n);
	for (unsigned i = 0; i < object->n; i++) {
		MUST(!strcmp(again.peer[i].name, object->peer[i].name));
		MUST(again.peer[i].commstat == object->peer[i].commstat);
	}
	MUST(lk_qwk_object_ours(bytes, object->local, "/x", &err) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned char *bytes = calloc(1, LK_QWK_SIZE);	/* exact, so that a read beyond it is seen */
	struct lk_qwk_object object;
	struct lk_err err;

	memcpy(bytes, data, size < LK_QWK_SIZE ? size : LK_QWK_SIZE);
	int rc = lk_qwk_object_parse(bytes, NULL, &object, &err);
	MUST(rc == 0 || (rc == -LK_EX_INTERNAL && err.text[0]));
	if (rc == 0)
		check(&object);
	rc = lk_qwk_object_ours(bytes, "alpha", "/x", &err);
	MUST(rc == 0 || (err.number >= LK_M_NUMBER(LK_M_QWK_NO_SIGNATURE) &&
			 err.number <= LK_M_NUMBER(LK_M_QWK_LOCAL)));
	free(bytes);
	return 0;
}
