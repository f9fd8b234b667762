/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lib/exchange.c: records that others know better, and what has changed here since they were asked. */
#include "lk/exchange.h"

#include "tap.h"
#include "tree.h"
#include "lk/epoch.h"
#include "lk/poison.h"

static const char *root;

static void make_tree(const char *epochs)
{
	char text[1000];

	tap_write(root, "config/sys", "#lockkeeper sys 1\n#system\tplace\nalpha\tlocal\nbeta\tremote\n#end\n", 0644);
	snprintf(text, sizeof(text), "#lockkeeper epoch 1\n#tag\tepoch\towner\ttime\n%s#end\n", epochs);
	tap_write(root, "config/epoch", text, 0644);
}

/* This is alpha. Of each resource: epoch and owner here, then those of beta. */
static struct lk_pic_res res[4];
static struct lk_pic_copy copy[8];

static struct lk_picture picture(void)
{
	return (struct lk_picture){ .sys = { { .name = "alpha" }, { .name = "beta" } }, .nsys = 2,
				    .res = res, .copy = copy };
}

static void add(struct lk_picture *pic, const char *tag, struct lk_pic_copy own, struct lk_pic_copy other)
{
	res[pic->nres++] = (struct lk_pic_res){ .tag = tag, .first = pic->ncopy, .n = 2 };
	other.sys = 1;
	copy[pic->ncopy++] = own;
	copy[pic->ncopy++] = other;
}

static void records_are(const char *want, const char *what)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	struct lk_err err;
	char text[300] = "";

	if (lk_lcd_read(&lcd, LK_T_EPOCH, &err) < 0)
		diag("%s", err.text);
	lk_epoch_sort(&lcd);
	for (size_t i = 0; i < lcd.nepoch; i++) {
		size_t len = strlen(text);

		snprintf(text + len, sizeof(text) - len, "%s%s=%llu/%s", i ? " " : "",
			 lcd.epoch[i].tag, lcd.epoch[i].epoch, lcd.epoch[i].owner);
	}
	is(text, want, what);
}

static void changed_meanwhile(void)
{
	struct lk_picture pic = picture();
	struct lk_err err;

	make_tree("moved\t5\talpha\t0\nold\t1\talpha\t0\nrival\t3\talpha\t0\nstopped\t4\t-\t0\n");
	add(&pic, "moved", (struct lk_pic_copy){ .epoch = 2, .owner = 0 }, (struct lk_pic_copy){ .epoch = 3, .owner = 1 });
	add(&pic, "rival", (struct lk_pic_copy){ .epoch = 2, .owner = 0 }, (struct lk_pic_copy){ .epoch = 3, .owner = 1 });
	add(&pic, "old", (struct lk_pic_copy){ .epoch = 1, .owner = 0 }, (struct lk_pic_copy){ .epoch = 2, .owner = 1 });
	add(&pic, "stopped", (struct lk_pic_copy){ .epoch = 4, .owner = LK_PIC_NOBODY },
	    (struct lk_pic_copy){ .epoch = 4, .owner = 1 });
	ok(lk_exchange_adopt(&pic, &err) == 0, "what was raised here since the others were asked is no error");
	records_are("moved=5/alpha old=2/beta rival=3/alpha stopped=4/beta",
		    "it stays, and the others are taken over");
}

int main(void)
{
	root = tap_tree();
	changed_meanwhile();
	tap_clean(root);
	return tap_done();
}
