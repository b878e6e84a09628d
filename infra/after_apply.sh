#!/usr/bin/env bash
# After an apply: run the probe now, and wait until both of its messages came through the last function (docs/probe.md).
set -euo pipefail

if (($# != 2)); then
    echo "usage: infra/after_apply.sh PROJECT REGION" >&2
    exit 2
fi
project=$1
region=$2
patience_s=${PRODGATE_PROBE_PATIENCE_S:-300}

if ! gcloud scheduler jobs describe prodgate-probe-image --project="$project" --location="$region" >/dev/null 2>&1; then
    echo "no probe is set up yet, so nothing was tried; docs/probe.md says how to set it up" >&2
    exit 0
fi

start=$(date --utc +%Y-%m-%dT%H:%M:%SZ)
trace=$(printf 'prodgate probe %s' "$project" | sha256sum | cut -c1-32)
for message in image release; do
    gcloud scheduler jobs run "prodgate-probe-$message" --project="$project" --location="$region"
done

missing="pin_manifests open_prod_pr"
until ((SECONDS > patience_s)); do
    through=$(gcloud logging read --project="$project" --format='value(labels.function)' \
        "trace=\"projects/$project/traces/$trace\" AND labels.event=\"event.done\" AND timestamp>=\"$start\"")
    missing=""
    for function in pin_manifests open_prod_pr; do
        grep -qx "$function" <<<"$through" || missing="$missing $function"
    done
    if [ -z "$missing" ]; then
        echo "the probe came through"
        exit 0
    fi
    sleep "${PRODGATE_PROBE_PAUSE_S:-10}"
done
echo "the probe did not reach:$missing; look for its trace $trace in the log, and see docs/runbooks" >&2
exit 1
