"""The stand-in for Google's APIs: Pub/Sub, KMS, Binary Authorization, Container Analysis, Secret Manager."""
