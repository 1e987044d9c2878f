"""Run as a script by `signals.Witness`: writes the number of each signal that it gets to stdout, and in answer to each
byte of stdin the same byte, until that ends."""

import os
import signal

#: No handler can be had for these; these the system sends a process for what its own children and pipes do; and behind
#: a handler of these, the fault that they tell of would come again, for ever.
_OWN = {
    signal.SIGKILL, signal.SIGSTOP, signal.SIGCHLD, signal.SIGPIPE,
    signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL,
}
#: What is meant for the program.
PASSED_ON = sorted(signal.valid_signals() - _OWN)
#: Bytes that are no signal's number.
ANSWERS = range(128, 256)


def _main() -> None:
    os.set_blocking(1, False)
    # Written by the interpreter's own handler, at once.
    signal.set_wakeup_fd(1, warn_on_full_buffer=False)
    for number in PASSED_ON:
        signal.signal(number, lambda *_: None)
    os.write(1, b"\0")
    while question := os.read(0, 1):
        os.write(1, question)


if __name__ == "__main__":
    _main()
