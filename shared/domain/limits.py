"""Every size, depth, count and age that prodgate accepts, with its unit; timeouts are in clients/calls.py."""

# One event.
MESSAGE_BYTES = 64 * 1024  # data of a Pub/Sub message; anything larger is rejected before it is parsed
KEPT_BYTES_OF_OVERSIZE = 1024  # how much of an oversize message lands in `rejected`, beside its hash and its size
ENVELOPE_BYTES = 512 * 1024  # a push body: data in base64, 100 attributes of 256 + 1,024 bytes, escaped
PUSH_BODY_BYTES = 14 * 1024 * 1024  # the largest body that Pub/Sub can push: 10 MB of data in base64, and its frame
JSON_DEPTH = 8  # levels; our deepest contract has 3, a Distribution notification 4
FOREIGN_JSON_DEPTH = 32  # levels; GitHub's package event has 7, a Cloud Build resource fewer
ATTRIBUTES = 100  # attributes of a message (Pub/Sub quotas)
ATTRIBUTE_BYTES = 1024  # bytes of an attribute's value (Pub/Sub quotas)
SHOWN_CHARACTERS = 120  # of a refused value, in a sentence that a person reads

# Fields of events.
SUITE_CHARACTERS = 63
REPOSITORY_CHARACTERS = 140  # owner (39) and name (100) and the slash, as GitHub bounds them
URL_CHARACTERS = 2048
REASON_CHARACTERS = 500
IMAGES_PER_RELEASE = 1000
PUSHES_PER_MESSAGE = 100  # events in one Distribution notification

# Webhooks. Whoever posts is a stranger until the body is read, so a body is no larger than a real one may be.
WEBHOOK_BYTES = 512 * 1024  # GitHub's package event with a README in it has some 50 KiB
WEBHOOK_SECRET_CHARACTERS = 32  # the fewest of a secret that is all there is between a stranger and the topic `gcr`
SECRET_KEPT_S = 60  # how long a webhook's secret is kept; a new version counts after that
SECRET_FAILURE_KEPT_S = 5  # how long a secret that cannot be read is not asked for again

# Attestors. Their quota is 100 reads per minute and project; a key that was taken off counts for so long at most.
ATTESTORS_KEPT_S = 60  # seconds, unless PRODGATE_ATTESTORS_KEPT_S says otherwise

# Image references (distribution/reference, reference.go).
IMAGE_PATH_CHARACTERS = 255
IMAGE_REFERENCE_CHARACTERS = 1024
TAG_CHARACTERS = 128

INDEX_CHILDREN = 100  # of an index of images; the largest on Docker Hub have some thirty

# Manifests.
MANIFEST_BYTES = 4 * 1024 * 1024  # of one file
MANIFEST_FILES = 2000  # of one release
MANIFEST_EVENTS = 300_000  # YAML events of one file: one of a scalar, two of a collection or a document
KUSTOMIZE_IMAGES = 20_000  # effective images of one kustomization
KUSTOMIZE_DEPTH = 32  # kustomizations, each of which includes the next
KUSTOMIZE_STEPS = 2_000_000  # entries held against images, in all kustomizations of a release
MANIFEST_BROKEN_DOCUMENTS = 20  # of one file that do not parse; each has libyaml begin anew
MANIFEST_DEPTH = 100  # levels of one YAML document; libyaml's composer recurses, and ends the process near 20,000

# Time.
PUSH_DAYS = 31  # days between a push and the commit that pins it: Pub/Sub keeps no message longer
SETTLING_S = 300  # seconds after publishing in which "not found" may mean "not visible yet", so it is retried

# GitHub (docs.github.com, and its 422 answers).
PULL_REQUEST_TITLE_CHARACTERS = 256
PULL_REQUEST_BODY_CHARACTERS = 58_000  # GitHub takes 65,536; the rest is room for what people add
STATUS_DESCRIPTION_CHARACTERS = 140
