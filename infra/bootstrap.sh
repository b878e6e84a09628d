#!/usr/bin/env bash
# The first run, by a person who owns the projects: what Terraform cannot make because it needs it to run.
# It can be run again at any time; what is there is left as it is.
set -euo pipefail

registries=() builds=() state_location="" names=()
for argument in "$@"; do
    case $argument in
        --registries=*) IFS=, read -ra registries <<<"${argument#*=}" ;;
        --builds=*) IFS=, read -ra builds <<<"${argument#*=}" ;;
        --state-location=*) state_location=${argument#*=} ;;
        --*) names=() && break ;;
        *) names+=("$argument") ;;
    esac
done
if ((${#names[@]} < 2 || ${#names[@]} > 4)); then
    cat >&2 <<EOF
usage: infra/bootstrap.sh PROJECT REGION [PROD_PROJECT [DEV_PROJECT]]
    [--registries=PROJECT,…]      other projects whose Artifact Registry is followed
    [--builds=PROJECT,…]          other projects whose Cloud Build runs suites
    [--state-location=LOCATION]   where the state is kept; a multi-region such as EU outlives the region
EOF
    exit 2
fi
project=${names[0]}
region=${names[1]}
prod_project=${names[2]:-$project}
dev_project=${names[3]:-}
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
make_topic() {
    gcloud pubsub topics describe "$1" --project="$2" >/dev/null 2>&1 || gcloud pubsub topics create "$1" --project="$2"
}
make_topic gcr "$project"
make_topic cloud-builds "$project"
# They publish in their own project only. Terraform listens to these from the gate's, and leaves them alone.
for other in ${registries[@]+"${registries[@]}"} ${builds[@]+"${builds[@]}"}; do
    gcloud services enable --project="$other" \
        cloudresourcemanager.googleapis.com iam.googleapis.com pubsub.googleapis.com
done
for other in ${registries[@]+"${registries[@]}"}; do make_topic gcr "$other"; done
for other in ${builds[@]+"${builds[@]}"}; do make_topic cloud-builds "$other"; done

echo "the bucket of the state ..." >&2
if ! gcloud storage buckets describe "gs://$state_bucket" --project="$project" >/dev/null 2>&1; then
    gcloud storage buckets create "gs://$state_bucket" --project="$project" \
        --location="${state_location:-$region}" --uniform-bucket-level-access --public-access-prevention
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
