"""The load generator. Of the servers' protocol code it shares nothing, so that a bug cannot cancel itself out.

plan        what to do: who asks, how often, for how long, against what
requests    the bytes that clients send; answers: is this a whole answer, and a good one?
sources     the address that each client comes from
clients     many HTTP clients in one thread
loops       when a request begins: closed loop, open loop, users who think
generator   the process that runs a loop, measures it, and tells of it
idle        a process that holds N connections open and says nothing on them
sample      a tenth of a second of it; steady: when it has settled, and whether that was enough
latencies   a histogram, and what can be said of those who still wait
cpu         how busy all who took part were; limit: which of them could not go faster
network     what the kernel says of queues and dropped connections
result      what came of it
"""
