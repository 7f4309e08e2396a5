"""The command line: one module a group of commands, each turning arguments into core calls.

Exit codes: 0 done; 1 a training that failed; 2 bad input, told in one sentence; 130 stopped by
Ctrl-C.
"""
