// The version of everything in this package, in one place.

/// What `--version`, the API and the daemons' greetings say.
package let rotaVersion = "0.1.0"
