"""What we ask the kernel for, each in one place: the one home of the calls that servers, recorder and lessons share.

sockets        listen, accept, connect, receive, send, and how they fail
pollfd         poll(2) as C programs call it, with its array in sight
events         event bits as words
interest       the interest list of an epoll descriptor, out of /proc
wait_price     what one poll() or epoll_wait() costs, measured and fitted
"""
