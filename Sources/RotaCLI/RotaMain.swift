// Where the process begins and ends.

internal import Platform

/// The entry point of `rota`.
package enum RotaMain {
    /// Runs the command line of this process and ends the process with its exit code.
    package static func run() async -> Never {
        Terminal.exitOnInterrupt()
        let world = World.thisMachine(transport: HTTPTransport())
        let code = await RotaProgram.run(Array(CommandLine.arguments.dropFirst()), in: world)
        Terminal.exit(code.rawValue)
    }
}
