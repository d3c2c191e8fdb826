// The release.

/// The version of every program in this package.
package enum RotaVersion {
    package static let text = "0.1.0"
}
