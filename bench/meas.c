/* meas: runs a command and writes the kernel's accounting of it, as one JSON line, to the file in $MEAS_OUT.
 * Small on purpose: a child's peak memory starts at its parent's, so the parent must be tiny.
 *   cc -O2 -static -o meas meas.c ;  MEAS_OUT=/tmp/x ./meas [-t SECONDS] COMMAND ARGUMENTS...
 * Written for this project, Apache-2.0. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static pid_t child;
static volatile int timed_out;

static void on_alarm(int signal) {
  (void)signal;
  timed_out = 1;
  kill(-child, SIGKILL);
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

int main(int argc, char **argv) {
  int first = 1, limit = 0;
  if (argc > 3 && !strcmp(argv[1], "-t")) {
    limit = atoi(argv[2]);
    first = 3;
  }
  const char *out = getenv("MEAS_OUT");
  if (first >= argc || !out) return 2;
  double start = now();
  child = vfork();
  if (child == 0) {
    setpgid(0, 0);
    execvp(argv[first], argv + first);
    _exit(127);
  }
  if (child < 0) return 2;
  signal(SIGALRM, on_alarm);
  if (limit) alarm(limit);
  int status;
  struct rusage u;
  while (wait4(child, &status, 0, &u) < 0 && errno == EINTR) {
  }
  double end = now();
  int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  FILE *f = fopen(out, "w");
  if (!f) return 2;
  fprintf(f, "{\"wall\":%.6f,\"cpu\":%.6f,\"rss_kib\":%ld,\"minflt\":%ld,\"majflt\":%ld,\"code\":%d,\"timed_out\":%d}\n", end - start,
          u.ru_utime.tv_sec + u.ru_utime.tv_usec / 1e6 + u.ru_stime.tv_sec + u.ru_stime.tv_usec / 1e6, u.ru_maxrss, u.ru_minflt,
          u.ru_majflt, code, timed_out);
  fclose(f);
  return code;
}
