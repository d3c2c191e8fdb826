// The node.

internal import Glibc
internal import PeerNode

exit(await NodeCommand.main(Array(CommandLine.arguments.dropFirst())))
