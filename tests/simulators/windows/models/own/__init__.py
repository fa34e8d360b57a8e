"""Models of this project's own modules (cartable.fleet.win_*)."""
