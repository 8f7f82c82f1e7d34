"""What runs on our side of the interop stories, each as a process of its own."""
