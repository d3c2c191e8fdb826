// The master.

internal import Glibc
internal import Master

exit(await MasterCommand.main(Array(CommandLine.arguments.dropFirst())))
