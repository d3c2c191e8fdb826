// What comes out of one comparison.

/// How one judge's answer relates to ours.
package enum Verdict: Equatable, Sendable {
    case agreed
    /// They differ as these rules say, sorted by name.
    case explained([String])
    /// The judge did not come back; what it said before is ours or explained.
    case hung([String])
    case unexplained(String)
}
