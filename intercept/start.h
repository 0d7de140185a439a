// Starting the program under the filter.
#ifndef START_H
#define START_H

#include <stdbool.h>
#include <sys/types.h>

#include "filter.h"

struct started {
	pid_t process;
	int listener;
};

// Runs arguments[0] with the filter. Returns 0, or the exit status with which to end, having said why: 3 when the
// machine lacks something. A program that cannot be run ends with 127 or 126, as a shell has it.
int start_program(char **arguments, const struct filter *filter, struct started *into);

// Signals of the supervisor: what the terminal sends goes to the program by itself, so it is ignored here; SIGTERM and
// SIGHUP are passed on; ends of children are noted. Before start_program.
void signals_start(void);
int signals_descriptor(void); // polls readable when there are signals to take
// Takes them. Returns true, with the exit status, when the program that was started has ended.
bool signals_take(pid_t process, int *exit_status);

#endif
