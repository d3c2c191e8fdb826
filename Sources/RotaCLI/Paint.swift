// Colours: only where somebody looks.

internal import Platform
internal import Vocabulary

/// Marks text by meaning, or leaves it as it is.
struct Paint: Equatable, Sendable {
    enum Style: String, Sendable {
        case good = "32"
        case bad = "31"
        case warning = "33"
        case active = "36"
        case dim = "2"
        case bold = "1"
    }

    let isOn: Bool

    /// Whether text for `stream` gets colours.
    ///
    /// The option decides; then `NO_COLOR`, `CLICOLOR_FORCE` and `FORCE_COLOR`; then whether the
    /// stream is a terminal that is not dumb.
    ///
    /// - SeeAlso: <https://no-color.org>, <https://bixense.com/clicolors>
    init(option: String?, world: World, stream: Terminal.Stream) {
        switch option {
        case "always": isOn = true
        case "never": isOn = false
        case _:
            if world.variable("NO_COLOR") != nil {
                isOn = false
            } else if let forced = world.variable("CLICOLOR_FORCE")
                ?? world.variable("FORCE_COLOR"), forced != "0"
            {
                isOn = true
            } else {
                isOn = world.terminal.isTerminal(stream) && world.environment["TERM"] != "dumb"
            }
        }
    }

    func apply(_ style: Style?, _ text: String) -> String {
        guard isOn, let style, !text.isEmpty else { return text }
        return "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m"
    }
}

/// The sign and colour of a run's state: colour is never alone.
enum StateSign {
    static func cell(_ word: String) -> Cell {
        let (sign, style) = look(word)
        return Cell("\(sign) \(word)", style)
    }

    private static func look(_ word: String) -> (String, Paint.Style) {
        switch RunState(rawValue: word) {
        case .open?: return ("▶", .active)
        case .succeeded?: return ("✓", .good)
        case .failed?, .timedOut?, .killed?: return ("✕", .bad)
        case .lost?: return ("!", .warning)
        case nil: break
        }
        switch word {
        case "alive": return ("✓", .good)
        case "dead", "left": return ("✕", .bad)
        case "suspect", "draining", "stale": return ("!", .warning)
        case "paused": return ("‖", .warning)
        case "running": return ("▶", .active)
        case _: return ("·", .dim)
        }
    }
}
