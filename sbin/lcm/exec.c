/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Starting programs for others and for events. */
#include "exec.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lk/buf.h"
#include "lk/detach.h"
#include "lk/poison.h"

#define SYSTEM_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define ENV_MAX 8

/* ---- before the fork ---- */

struct image {
	struct lk_buf text;		/* the strings of env, NUL-separated */
	char *env[ENV_MAX + 1];
};

static void add_env(struct image *image, const char *key, const char *value)
{
	if (!value)
		return;
	lk_buf_addf(&image->text, "%s=%s", key, value);
	lk_buf_addc(&image->text, '\0');
}

static int build(struct image *image, const struct lk_tree *tree)
{
	static const char *const kept[] = { "LC_ALL", "LANG", "TZ" };
	unsigned n = 0;

	*image = (struct image){ 0 };
	add_env(image, "LKROOT", tree->root);
	lk_buf_addf(&image->text, "PATH=%s/bin:%s/lkadm/bin:%s", tree->root, tree->root, SYSTEM_PATH);
	lk_buf_addc(&image->text, '\0');
	add_env(image, "HOME", "/root");
	for (unsigned i = 0; i < sizeof(kept) / sizeof(*kept); i++)
		add_env(image, kept[i], getenv(kept[i]));
	if (image->text.failed) {
		errno = ENOMEM;
		return -1;
	}
	for (char *at = image->text.data; at < image->text.data + image->text.len && n < ENV_MAX;
	     at += strlen(at) + 1)
		image->env[n++] = at;
	return 0;
}

/* Pairs of descriptors: [0] the child's, [1] ours. */
struct pipes {
	int fd[3][2];
};

static void close_pipes(struct pipes *pipes, int side)
{
	for (int i = 0; i < 3; i++)
		for (int k = 0; k < 2; k++)
			if (pipes->fd[i][k] >= 0 && (side < 0 || side == k)) {
				close(pipes->fd[i][k]);
				pipes->fd[i][k] = -1;
			}
}

static int make_pipe(int pair[2], bool to_child)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -1;
	pair[0] = fds[!to_child];
	pair[1] = fds[to_child];
	return fcntl(pair[1], F_SETFL, O_NONBLOCK);
}

static int open_pipes(const struct exec_request *request, struct pipes *pipes)
{
	*pipes = (struct pipes){ { { -1, -1 }, { -1, -1 }, { -1, -1 } } };
	if ((request->input && make_pipe(pipes->fd[0], true) < 0) ||
	    (request->output && make_pipe(pipes->fd[1], false) < 0) ||
	    (request->output && !request->merge && make_pipe(pipes->fd[2], false) < 0)) {
		int saved = errno;

		close_pipes(pipes, -1);
		errno = saved;
		return -1;
	}
	return 0;
}

/* ---- in the child ---- */

/* Move the descriptors to 0, 1 and 2. All are above 2: main has those three open. */
static bool place(const struct exec_request *request, const struct pipes *pipes)
{
	int null = open("/dev/null", O_RDWR);
	int in = request->input ? pipes->fd[0][0] : null;
	int out = request->output ? pipes->fd[1][0] : null;

	if (null < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0)
		return false;
	if (!request->output)
		return true;
	return dup2(request->merge ? 1 : pipes->fd[2][0], 2) >= 0;
}

static _Noreturn void become(const struct exec_request *request, const struct pipes *pipes,
			     struct image *image)
{
	setpgid(0, 0);
	if (place(request, pipes) && fchdir(request->tree->fd) == 0) {
		lk_close_from(3);
		lk_reset_signals();
		/* execvp() looks at the PATH of environ */
		environ = image->env;
		execvp(request->argv[0], request->argv);
	}
	int why = errno;
	dprintf(2, "%s: %s\n", request->argv[0], strerror(why));
	_exit(why == ENOENT ? 127 : 126);
}

int exec_start(const struct exec_request *request, struct exec_child *child)
{
	struct image image;
	struct pipes pipes;
	int rc = build(&image, request->tree);

	if (rc == 0)
		rc = open_pipes(request, &pipes);
	if (rc < 0) {
		lk_buf_free(&image.text);
		return -1;
	}
	child->pid = fork();
	if (child->pid == 0)
		become(request, &pipes, &image);
	int saved = errno;
	lk_buf_free(&image.text);
	close_pipes(&pipes, child->pid < 0 ? -1 : 0);
	errno = saved;
	if (child->pid < 0)
		return -1;
	/* also here: whoever of the two is first */
	setpgid(child->pid, child->pid);
	child->in = pipes.fd[0][1];
	child->out[0] = pipes.fd[1][1];
	child->out[1] = pipes.fd[2][1];
	return 0;
}

int exec_code(int status)
{
	if (WIFSIGNALED(status))
		return 128 + WTERMSIG(status);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
