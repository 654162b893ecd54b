#!/bin/bash
# Is the server on this host there? It says so whether it has a majority or not.
[ "$(echo ruok | nc 127.0.0.1 "${ZK_CLIENT_PORT:-2181}")" = imok ]
