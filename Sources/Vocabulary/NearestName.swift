// What somebody may have meant: the nearest known name by edit distance.

extension String {
    /// The name nearest to this one, at most two edits away, the first of several.
    ///
    /// Names no longer than the number of edits are not offered: `ab` is not near `xy`.
    package func nearest(among names: [String]) -> String? {
        names.map { (name: $0, distance: editDistance(to: $0)) }
            .filter { $0.distance <= 2 && $0.distance < Swift.max(count, $0.name.count) - 1 }
            .min { $0.distance < $1.distance }?.name
    }

    /// Letters to insert, delete, replace or swap with their neighbour to get from here to `other`.
    ///
    /// - Complexity: O(n·m); words beyond 64 letters count as far away.
    /// - SeeAlso: Damerau, "A technique for computer detection and correction of spelling errors",
    ///   1964, in the restricted form called optimal string alignment.
    package func editDistance(to other: String) -> Int {
        let left = Array(self)
        let right = Array(other)
        guard left.count <= 64, right.count <= 64 else { return Swift.max(left.count, right.count) }
        var twoBack: [Int] = []
        var previous = Array(0...right.count)
        for row in 0..<left.count {
            var current = [row + 1]
            for column in 0..<right.count {
                let cost = left[row] == right[column] ? 0 : 1
                var best = Swift.min(
                    previous[column + 1] + 1,
                    current[column] + 1,
                    previous[column] + cost
                )
                if row > 0, column > 0, left[row] == right[column - 1],
                    left[row - 1] == right[column]
                {
                    best = Swift.min(best, twoBack[column - 1] + 1)
                }
                current.append(best)
            }
            twoBack = previous
            previous = current
        }
        return previous[right.count]
    }
}
