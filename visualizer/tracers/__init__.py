"""What runs inside the watched program: one file a runtime, and what they share.

Nobody imports this package: it is launched (`python -m visualizer.tracers --trace FILE -- SCRIPT ARGS`, see __main__),
and loaded by the interpreter that runs the script (boot/sitecustomize.py). It imports the standard library's built-in
modules only, and of this project only `visualizer.trace.words` and `visualizer.trace.sink`.
"""
