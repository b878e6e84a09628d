#!/usr/bin/env bash
# The first run, by a person who owns the projects: what Terraform cannot make because it needs it to run.
# It can be run again at any time; what is there is left as it is.
set -euo pipefail

if (($# < 2)); then
    echo "usage: infra/bootstrap.sh PROJECT REGION [PROD_PROJECT [DEV_PROJECT]]" >&2
    exit 2
fi
project=$1
region=$2
prod_project=${3:-$project}
dev_project=${4:-}
state_bucket="$project-prodgate-state"

echo "APIs that Terraform itself calls ..." >&2
gcloud services enable --project="$project" \
    artifactregistry.googleapis.com cloudbuild.googleapis.com cloudresourcemanager.googleapis.com iam.googleapis.com \
    pubsub.googleapis.com serviceusage.googleapis.com storage.googleapis.com
for watched in "$prod_project" ${dev_project:+"$dev_project"}; do
    gcloud services enable --project="$watched" \
        binaryauthorization.googleapis.com cloudresourcemanager.googleapis.com serviceusage.googleapis.com
done

echo "Google's own identities, to which rights are given ..." >&2
gcloud beta services identity create --project="$project" --service=pubsub.googleapis.com
for watched in "$prod_project" ${dev_project:+"$dev_project"}; do
    gcloud beta services identity create --project="$watched" --service=binaryauthorization.googleapis.com
done

# Artifact Registry and Cloud Build publish here, and do not always make the topics; Terraform imports them.
echo "topics that Google publishes to ..." >&2
for topic in gcr cloud-builds; do
    gcloud pubsub topics describe "$topic" --project="$project" >/dev/null 2>&1 \
        || gcloud pubsub topics create "$topic" --project="$project"
done

echo "the bucket of the state ..." >&2
if ! gcloud storage buckets describe "gs://$state_bucket" --project="$project" >/dev/null 2>&1; then
    gcloud storage buckets create "gs://$state_bucket" --project="$project" --location="$region" \
        --uniform-bucket-level-access --public-access-prevention
fi
# Also where it was there already: a state that was overwritten by mistake is got back.
gcloud storage buckets update "gs://$state_bucket" --project="$project" --versioning

# Cloud Build plans with what lies here, and each older version is kept (cloudbuild.yaml).
values="$(dirname "$0")/prodgate.auto.tfvars"
if [ -f "$values" ]; then
    echo "what is configured, where Cloud Build finds it ..." >&2
    gcloud storage cp "$values" "gs://$state_bucket/prodgate.auto.tfvars"
fi

cat >&2 <<EOF

Next: copy infra/prodgate.tfvars.example to infra/prodgate.auto.tfvars, set state_bucket = "$state_bucket", and

    make stage
    terraform -chdir=infra init -backend-config=bucket=$state_bucket
    terraform -chdir=infra apply

Now and after every later change of it, let Cloud Build plan with the same values:

    gcloud storage cp infra/prodgate.auto.tfvars gs://$state_bucket/prodgate.auto.tfvars
EOF
