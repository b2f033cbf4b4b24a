/*
 * The first process of every pod: it holds the pod's namespaces open and does nothing else.
 * Where the pod's containers share its PID namespace it is their process 1 and reaps the orphans they leave behind.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef VERSION
#define VERSION "1"
#endif

static void reap_all(void)
{
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
}

int main(int argc, char **argv)
{
	sigset_t awaited;
	int received;

	if (argc > 1 && strcmp(argv[1], "-v") == 0) {
		puts("pause " VERSION);
		return 0;
	}
	if (getpid() != 1)
		fputs("pause: not process 1, so orphans of this pod will not be reaped\n", stderr);

	/* Blocked signals stay pending until sigwait takes them: none gets lost between two waits, and no handler runs. */
	sigemptyset(&awaited);
	sigaddset(&awaited, SIGTERM);
	sigaddset(&awaited, SIGINT);
	sigaddset(&awaited, SIGCHLD);
	if (sigprocmask(SIG_BLOCK, &awaited, NULL) != 0) {
		perror("pause: sigprocmask");
		return 1;
	}
	reap_all();
	for (;;) {
		int problem = sigwait(&awaited, &received);

		if (problem == EINTR)
			continue;
		if (problem != 0) {
			fprintf(stderr, "pause: sigwait: %s\n", strerror(problem));
			return 1;
		}
		if (received != SIGCHLD)
			return 0;
		reap_all();
	}
}
