#!/bin/sh
# Records what the fixtures in test/fixtures/gpu stand for, on a machine with a GPU of NVIDIA: idle, then N ticks (20) while you load it.
#   sh test/gpu/record.sh NAME [N] > test/fixtures/gpu/NAME.csv
# Ids are masked. Look through it before you give it away.
set -eu
name=${1:?"NAME, such as h200-590"}
ticks=${2:-20}
fields=timestamp,index,uuid,driver_version,mig.mode.current,utilization.gpu,utilization.memory,memory.used,memory.total,temperature.gpu,temperature.memory,power.draw,power.draw.instant,enforced.power.limit,clocks.current.sm,clocks.current.memory,clocks_event_reasons.active,ecc.errors.uncorrected.volatile.total,name
gpus=$(nvidia-smi --query-gpu=index --format=csv,noheader | wc -l)
echo "$name: $gpus GPUs, $ticks ticks" >&2
nvidia-smi --query-gpu=$fields --format=csv --loop-ms=500 | head -n $((1 + gpus * ticks)) |
  awk -F', ' -v OFS=', ' 'NR > 1 { $3 = sprintf("GPU-00000000-0000-0000-0000-%012d", $2) } { print }'
