variable "project" {
  description = "The project of the function."
  type        = string
}

variable "region" {
  description = "The region of the function."
  type        = string
}

variable "name" {
  description = "The function's folder in functions/, which is its entry point too."
  type        = string
}

variable "source_archive" {
  description = "The archive that `make stage` wrote for the function."
  type        = string
}

variable "source_bucket" {
  description = "The bucket that takes the archive."
  type        = string
}

variable "build_service_account" {
  description = "`projects/…/serviceAccounts/…` that builds the function's image."
  type        = string
}

variable "image_repository" {
  description = "`projects/…/locations/…/repositories/…` that takes the function's image."
  type        = string
}

variable "environment" {
  description = "What the function is configured with, as docs/operations.md lists it."
  type        = map(string)
}

variable "memory" {
  description = "How much memory an instance has, such as `512Mi`."
  type        = string
}

variable "concurrency" {
  description = "How many events an instance works off at a time."
  type        = number
}

variable "instances" {
  description = "How many instances there are at least and at most."
  type        = object({ min = number, max = number })
}

variable "public" {
  description = "Whether anybody on the internet may call it."
  type        = bool
  default     = false
}

variable "publishes" {
  description = "The topics that it may publish to: name → `projects/…/topics/…`."
  type        = map(string)
}

variable "reads" {
  description = "The secrets that it may read: what each is → its id."
  type        = map(string)
}

variable "pubsub_agent" {
  description = "The IAM member that is Pub/Sub itself in this project."
  type        = string
}

variable "deployer" {
  description = "The IAM member that deploys the function, and puts its accounts to work."
  type        = string
}

locals {
  name = replace(var.name, "_", "-") # names of functions have no underscore
}
