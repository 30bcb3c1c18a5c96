"""The load generator. It shares no line with the servers, so that a bug cannot cancel itself out.

plan        what to do: how many clients, for how long, against what
generator   a process with C clients in a closed loop: each sends its next request when it
            has the answer to its last one
idle        a process that holds N connections open and says nothing on them
result      what came of it
cpu         how busy the processes were that took part, and so which one was the bottleneck
"""
