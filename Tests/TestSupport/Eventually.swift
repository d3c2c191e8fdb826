// Waiting for a condition instead of for time.

package import Testing

/// Waits until `condition` holds, asking every 10 ms, and records an issue at the deadline.
///
/// - Returns: Whether it came to hold.
@discardableResult
package func eventually(
    _ what: String,
    within limit: Duration = .seconds(20),
    sourceLocation: SourceLocation = #_sourceLocation,
    _ condition: () async throws -> Bool
) async rethrows -> Bool {
    let clock = ContinuousClock()
    let deadline = clock.now.advanced(by: limit)
    while clock.now < deadline {
        if try await condition() { return true }
        try? await Task.sleep(for: .milliseconds(10))
    }
    Issue.record("not within \(limit): \(what)", sourceLocation: sourceLocation)
    return false
}

/// Waits until `condition` holds, at most 20 s, and ends the test otherwise.
package func requireEventually(
    _ condition: () async throws -> Bool,
    sourceLocation: SourceLocation = #_sourceLocation
) async throws {
    let clock = ContinuousClock()
    let deadline = clock.now.advanced(by: .seconds(20))
    while try await !condition() {
        try #require(
            clock.now < deadline,
            "the condition did not come true",
            sourceLocation: sourceLocation
        )
        try await Task.sleep(for: .milliseconds(1))
    }
}
