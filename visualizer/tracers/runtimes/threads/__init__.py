"""The threads of the program: who started each, what it waits for in calls of C's, and who ends that."""
