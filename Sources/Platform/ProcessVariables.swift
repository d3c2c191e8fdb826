// The environment that this process was started with.

internal import Glibc

/// Reads this process's environment.
package enum ProcessVariables {
    /// The value of the variable `name`, or `nil` if it is not set.
    package static func value(of name: String) -> String? {
        unsafe getenv(name).map { unsafe String(cString: $0) }
    }
}
