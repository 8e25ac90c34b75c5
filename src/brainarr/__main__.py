from brainarr.cli import main

main()
