#!/bin/bash
echo mntr | nc localhost "${ZK_CLIENT_PORT:-2181}" >& 1
