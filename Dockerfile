# The course in a container. README.md has the command that runs it; `python containers/debian_root.py` runs
# these steps without Docker.
FROM debian:trixie-slim

# binder/apt.txt: what Binder installs, too.
COPY binder/apt.txt /src/binder/apt.txt
RUN apt-get update && \
    apt-get install --yes --no-install-recommends python3-venv tini $(cat /src/binder/apt.txt) && \
    rm -rf /var/lib/apt/lists/*
RUN useradd --create-home learner && python3 -m venv /opt/lab && chown -R learner /opt/lab

COPY . /src
ENV PATH=/opt/lab/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
ENV LANG=C.UTF-8
USER learner
RUN /src/containers/install

# Only the learner's home and /tmp are ever written to. tini hands signals on, and buries whoever dies.
WORKDIR /home/learner
EXPOSE 8888
ENTRYPOINT ["tini", "-g", "--"]
CMD ["sh", "-c", "zerohttpd init my-lab && exec zerohttpd lab my-lab --host 0.0.0.0 --no-browser"]
