/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Feeds a fuzz target the files and directories named, or else its corpus,
 * and speaks TAP: what the fuzzer once found stays found without a fuzzer.
 */
#include "fuzz.h"

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>

#define PATH_OCTETS 4096

static int
trouble(const char *path)
{
	fflush(stdout);
	perror(path);
	return -1;
}

/* From an allocation of just its size, so that reading past it shows. */
static int
feed(FILE *file, size_t size)
{
	uint8_t *data = malloc(size > 0 ? size : 1);
	int rc = -1;

	if (data != NULL && fread(data, 1, size, file) == size)
		rc = LLVMFuzzerTestOneInput(data, size);
	free(data);
	return rc;
}

static int
replay_file(const char *path, size_t size, int *number)
{
	FILE *file = fopen(path, "rb");
	const char *name = strrchr(path, '/');
	int rc;

	if (file == NULL)
		return trouble(path);
	printf("# %s\n", path);
	fflush(stdout); /* the target may abort */
	rc = feed(file, size);
	fclose(file);
	printf("%sok %d - %s\n", rc == 0 ? "" : "not ", ++*number,
	    name != NULL ? name + 1 : path);
	return rc;
}

static int
replay_directory(const char *path, int *number)
{
	struct dirent **entries;
	int n = scandir(path, &entries, NULL, alphasort);
	int rc = n < 0 ? trouble(path) : 0;

	for (int i = 0; i < n; i++) {
		char member[PATH_OCTETS];
		struct stat status;

		snprintf(member, sizeof(member), "%s/%s", path,
		    entries[i]->d_name);
		free(entries[i]);
		if (stat(member, &status) < 0)
			rc = trouble(member);
		else if (S_ISREG(status.st_mode) && replay_file(member,
		    (size_t)status.st_size, number) < 0)
			rc = -1;
	}
	if (n >= 0)
		free(entries);
	return rc;
}

static int
replay(const char *path, int *number)
{
	struct stat status;

	if (stat(path, &status) < 0)
		return trouble(path);
	if (S_ISDIR(status.st_mode))
		return replay_directory(path, number);
	return replay_file(path, (size_t)status.st_size, number);
}

/* The corpus has the name of the target, which is the program's. */
static int
replay_corpus(const char *program, int *number)
{
	const char *top = getenv("top_srcdir");
	const char *name = strrchr(program, '/');
	char path[PATH_OCTETS];

	snprintf(path, sizeof(path), "%s/tests/fuzz/corpus/%s",
	    top != NULL ? top : ".", name != NULL ? name + 1 : program);
	return replay(path, number);
}

int
main(int argc, char **argv)
{
	int number = 0;
	int rc = 0;

	if (argc < 2)
		rc = replay_corpus(argv[0], &number);
	for (int i = 1; i < argc; i++)
		if (replay(argv[i], &number) < 0)
			rc = -1;
	printf("1..%d\n", number);
	return rc == 0 && number > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
