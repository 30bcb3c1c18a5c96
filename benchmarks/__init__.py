"""`make bench`: how the servers and the load generator compare with others, as ratios of one run.

run          the command: measures all parts, writes results/DATE.md
targets      starts a rung, or one of the peers, under the lab's guard
peers/       uvicorn, aiohttp and nginx, serving the same page
tools        ab and wrk; our own load generator in the same form
measured     one measurement, and what is made of several: medians, ratios, ranges
generators   part A: our load generator beside ab and wrk
servers      part B: the rungs beside the peers
crowds       part C: poll and epoll beside idle connections, and epoll with many clients
machine      on what it was measured, with which versions

Nothing here is a test: nothing fails because a machine is slow.
"""
