#include <stdio.h>
#include <sys/utsname.h>

/* The greeting, and where it was given. */
int main(void) {
	struct utsname host;

	if (uname(&host) != 0) {
		perror("hello_syncom");
		return 1;
	}
	printf("hello syncom, from %s: these bits are the same wherever they were built.\n", host.nodename);
	return 0;
}
