# Alerts can only notify channels of their own project, so each project has each address.

locals {
  addresses = {
    for pair in setproduct(distinct(values(local.projects)), var.emails) :
    "${pair[0]} ${pair[1]}" => { project = pair[0], email = pair[1] }
  }

  channels = {
    for project in distinct(values(local.projects)) : project => concat(
      [for key, address in local.addresses : google_monitoring_notification_channel.email[key].name if address.project == project],
      project == var.project ? var.more_channels : [],
    )
  }
}

resource "google_monitoring_notification_channel" "email" {
  for_each = local.addresses

  project      = each.value.project
  display_name = "prodgate: ${each.value.email}"
  type         = "email"

  labels = { email_address = each.value.email }
}
