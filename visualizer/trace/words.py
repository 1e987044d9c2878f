"""The closed sets of words that a trace uses, shared by the writing and the reading side.

Plain strings and integers, no imports: this module is loaded inside the watched program.
"""

FORMAT = "visualizer-trace"
VERSION = 2
#: Versions that can be read.
VERSIONS_READ = 1, 2

#: A track id that stands for "not known".
NOBODY = -1
#: A track id that stands for "the track that is running at this point of the stream, on this thread".
CURRENT = -2
#: In a shape: stands for the track of the row.
SUBJECT = -3
#: A text or place id that stands for "none".
NOTHING = -1
#: Instead of a time limit: there is none; and it is not known how long it is, or whether there is one.
NO_LIMIT, UNKNOWN_LIMIT = -1, -2
#: An integer stands for its own text, without a line that says so: as the text id of 0, and so much more or less, up to
#: this much.
ZERO_TEXT = 3 << 29
LARGEST_NUMBER = 500_000_000
#: So does the name of a future, each of which is waited for once: as the text id of "Future 0", and so much more, up to
#: the same.
FUTURE_NAME = "Future "
ZERO_FUTURE = 1 << 29
#: So does the track that is waited for: as the text id of "track 0", and so much more, up to this much.
TRACK_NAME = "track "
ZERO_TRACK = 1 << 28
LARGEST_TRACK = 200_000_000

# Kinds of track.
THREAD = "thread"
GENERATOR = "generator"
COROUTINE = "coroutine"
GREENLET = "greenlet"
HUB = "hub"
TASK = "task"
#: Of another tool's trace, whatever it may be.
TRACK = "track"
LOOP = "loop"
#: No kind of track, but of what tracks belong to.
PROCESS = "process"
KINDS = (THREAD, GENERATOR, COROUTINE, GREENLET, HUB, TASK, LOOP)

#: What a kind of track of another package's runtime may be, else a task.
SCHEDULER = "scheduler"

# Causes of a switch. The first four resume a generator, the next four give control back from one, the last two are
# greenlet's own two trace events (greenlet.settrace).
NEXT = "next"
SEND = "send"
THROW = "throw"
CLOSE = "close"
YIELD = "yield"
#: It yields while it is closed: the track that closes it gets a RuntimeError instead of the value.
IGNORED = "ignored"
RETURN = "return"
RAISE = "raise"
SWITCH = "switch"
#: Of another tool's trace: a slice of the target begins. The origin stopped at that very moment, or is the target.
SLICE = "slice"
#: A thread that waited in a call goes on. Nobody gave control away for that: the origin is the target.
UNPARK = "unpark"
#: Causes of switches by which nobody is suspended.
SUSPENDS_NOBODY = frozenset((SLICE, UNPARK))

# Reasons of a wait.
SLEEP = "sleep"
JOIN = "join"
EVENT = "event"
RESULT = "result"
QUEUE = "queue"
CHANNEL = "channel"
SEMAPHORE = "semaphore"
LOCK = "lock"
POOL = "pool"
CONDITION = "condition"
BARRIER = "barrier"
FUTURE = "future"
PIPE = "pipe"
DNS = "dns"
THREADPOOL = "threadpool"
SUBPROCESS = "subprocess"
SELECT = "select"
SIGNAL = "signal"
ASYNC = "async"
#: Until its hub has nothing else to run.
IDLE = "idle"
START = "start"
SUSPENDED = "suspended"
SWITCHED = "switched"
RESUMED = "resumed"
UNKNOWN = "unknown"

# What a wait for a descriptor is for.
READ = "read"
WRITE = "write"
READ_OR_WRITE = "read or write"
ACCEPT = "accept"
CONNECT = "connect"

# Causes of a wake. Where the hub learns it from outside, those of the reasons above too: dns, threadpool, subprocess,
# signal, async.
SPAWN = "spawn"
TIMER = "timer"
TIMEOUT = "timeout"
IO = "io"
CALLBACK = "callback"
FINISHED = "finished"
KILL = "kill"
CANCEL = "cancel"
#: Inferred by the reading side, of two processes that send and receive: this was what the other one waited for.
MESSAGE = "message"
#: Found by the reading side, and never in a trace: a queue of multiprocessing's was free again, for the next one.
RELEASE = "release"
#: Inferred by the reading side, and never in a trace: it asked its scheduler for nothing but its next turn.
TURN = "turn"

#: Of the file beside a trace that keeps its marks.
MARKS_SUFFIX = ".marks"
#: Of the file beside a scenario that has the captions of its guided tour.
TOUR_SUFFIX = ".tour"

#: What the main thread of a program that is over waits for.
OTHER_THREADS = "other threads to end"

#: How the name of a lock begins that several processes have: it is the same in all of them.
SHARED = "shared "

# Relations of a tie.
HOLDS = "holds"
OWNS = "owns"
AWAITS = "awaits"
#: It and all other workers of a pool wait for results that this pool has not begun with.
EXHAUSTS = "exhausts"
#: It gave a pool of threads, all of which work, a call; and that such a call has begun.
QUEUED, BEGUN = "queued", "begun"
#: The same of any call, by its Future: behind what it has to wait; and that a worker begins with it.
POOLED, WORKS = "pooled", "works"
#: It waits for a lock of multiprocessing's, in order to get what it waits for.
THROUGH = "through"
#: It waits for the end of a process, in whose pipe there is so much that nobody has read.
UNREAD = "unread"
#: A loop polls without a limit, and there is nothing that could wake it.
FORSAKEN = "forsaken"
#: The program does not wait for the end of this thread.
DAEMON = "daemon"
#: It goes on because these descriptors are ready, as "read 5 6, write 7".
FOUND_READY = "ready"
#: So often in a row it found these ready, as "400 write 7", and used no socket meanwhile.
SPINS = "spins"
#: Of one that uses a connection, and does not have to wait for it.
CONNECTED = "connected"
#: It uses a connection that its process has opened, as the first that waits for it.
OPENED = "opened"
#: With this message it was cancelled, last, which is known as it goes on.
CANCELLED_WITH = "cancelled with"
#: It was cancelled, and that was taken back.
UNCANCELLED = "uncancelled"
#: Somebody has got what it raised.
RETRIEVED = "retrieved"
#: Nobody has, up to the end of the program.
UNRETRIEVED = "unretrieved"

# Outcomes of an exit.
RETURNED = "returned"
RAISED = "raised"
CLOSED = "closed"
KILLED = "killed"
CANCELLED = "cancelled"
#: It was collected before it ever ran.
DROPPED = "dropped"
OUTCOMES = (RETURNED, RAISED, CLOSED, KILLED, CANCELLED, DROPPED)

# How a process was started: by a fork, by subprocess, or by multiprocessing, with one of its other two methods or for
# its own use; or another program goes on in it. Else by other means, such as os.system.
BY_FORK = "fork"
BY_SUBPROCESS = "subprocess"
BY_SPAWN = "spawn"
BY_FORKSERVER = "forkserver"
BY_ITSELF = "itself"
BY_EXEC = "exec"

# Streams of an output.
STDOUT = "stdout"
STDERR = "stderr"
