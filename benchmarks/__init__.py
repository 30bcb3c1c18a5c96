"""`make bench`: how the servers and the load generator compare with others, as ratios of one run.

run          the command: measures all parts, writes results/DATE.md
quiet        is this machine quiet enough?
targets      starts a rung, the floor, or one of the peers, under the lab's guard
peers/       uvicorn, granian, aiohttp and nginx, serving the same page
floor        a loop with nothing left in it, to measure the rungs by
layers       what each layer between the floor and `edge` costs: a command of its own
tools        ab and wrk (with varied.lua); our own load generator in the same form
measured     one measurement, and what is made of several: medians, ratios, ranges, and what is chance
generators   part A: our load generator beside ab and wrk
servers      part B: the rungs beside the peers
crowds       part C: poll and epoll beside idle connections (keepalive_on_poll), and with many clients
patience     part D: slow clients
heads        part E: requests that are all the same, and requests that differ
machine      on what it was measured, with which versions

By themselves: recorder, herd, system_calls, many_connections, panels.

Nothing here is a test: nothing fails because a machine is slow.
"""
