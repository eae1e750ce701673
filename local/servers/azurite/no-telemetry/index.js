// Azurite requires its telemetry client although `--disableTelemetry` keeps it from being used. package.json puts this
// package in its place, so that code which phones home is not even installed (and 120 packages with it).
module.exports = {}
