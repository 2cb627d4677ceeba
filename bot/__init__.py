"""The running program: command line, lifecycle, scheduler, delivery and the Telegram bot."""
