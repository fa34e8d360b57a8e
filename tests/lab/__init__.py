"""A whole school on one machine: systemd containers, a switch that switches, a router that filters."""
