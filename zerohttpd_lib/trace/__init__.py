"""What each wait() of a server was given, gave back, and led to.

`recorder` runs inside the server and writes to a file in shared memory; `reader` opens that
file from another process, while the server runs or after it has died. Read it in this order:

    layout, ready, writer       what lies where in the file, and how it gets there
    hooks, peers, lines,        how a server is recorded that knows nothing of it:
        recorder                who is there, and which line of it made a call
    calls, attach               its system calls, too; and all of that put around a server
    control, stepper            how it is held: its own side, and that of the lab
    records, wait, waits        the file as arrays, as plain values, as a sequence
    score, history, findings    what can be told from the waits
    reader, file, archive       the trace that has all of that; read from a live file, and saved

No module imports another in a circle.
"""
