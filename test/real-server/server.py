"""server.py MODEL.gguf PORT SLOTS: llama.cpp's HTTP server on 127.0.0.1, until SIGTERM or the end of standard input."""

import signal
import sys

import xllamacpp

model, port, slots = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
params = xllamacpp.CommonParams()
params.model.path = model
params.model_alias = {"tiny"}
params.hostnames = ["127.0.0.1"]
params.port = port
params.n_parallel = slots
params.n_ctx = 1024 * slots
params.n_gpu_layers = 0
params.endpoint_metrics = True
params.use_jinja = True
# One thread each: with more, two cores spend their time waiting for each other on a model this small.
params.cpuparams.n_threads = 1
params.cpuparams_batch.n_threads = 1

server = xllamacpp.Server(params)
print("listening on", server.listening_address, flush=True)
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
# Who started it holds our standard input: when that process dies, however it dies, so do we.
sys.stdin.read()
