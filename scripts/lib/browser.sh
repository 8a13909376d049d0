# shellcheck shell=bash
# Chromium and its WebDriver, for the tests of the console. To be sourced, after apt.sh.
#
#   browser_find    sets and exports PORTERO_TEST_BROWSER, a chromedriver, unless it is set; installs Chromium and its
#                   driver where they are missing and apt-get can.

browser_driver() {
    command -v chromedriver || true
}

browser_find() {
    local driver
    [[ -z ${PORTERO_TEST_BROWSER:-} ]] || return 0
    driver=$(browser_driver)
    if [[ -z $driver ]] && apt_install 'browser with a WebDriver' chromium chromium-driver; then
        driver=$(browser_driver)
    fi
    if [[ -z $driver ]]; then
        printf '%s\n' 'The console is tested in Chromium, and no chromedriver was found.' \
            'Install it: apt-get install chromium chromium-driver (Debian), dnf install chromium chromedriver (Fedora),' \
            'brew install chromedriver (macOS, with Chrome); or name one in PORTERO_TEST_BROWSER.' >&2
        return 1
    fi
    export PORTERO_TEST_BROWSER=$driver
}
