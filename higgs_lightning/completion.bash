# Completes what follows higgs: the names of its commands, then each command's keys and choices; else files.
_higgs() {
    local line=${COMP_LINE:0:COMP_POINT} word= cut= end= choice
    local -a choices
    line=${line#"${line%%[![:space:]]*}"}
    word=${line##*[[:space:]]}
    if [[ $line =~ ^[^[:space:]]+[[:space:]]+[^[:space:]]*$ ]]; then
        choices=(COMMANDS)
        end=' '
    elif [[ ' COMMANDS ' == *" ${COMP_WORDS[1]} "* ]]; then
        # as Hydra asks: the line from the command's name on; nothing of the answer is expanded
        read -ra choices <<< "$(COMP_LINE=${line#*[[:space:]]} \
            "${COMP_WORDS[0]}" "${COMP_WORDS[1]}" -sc query=bash 2> /dev/null)"
    fi
    # bash completes what stands after an =
    [[ $COMP_WORDBREAKS == *=* ]] && cut=${word%"${word##*=}"}
    COMPREPLY=()
    for choice in "${choices[@]}"; do
        [[ $choice == "$word"* ]] && COMPREPLY+=("${choice#"$cut"}$end")
    done
}
complete -o nospace -o default -F _higgs higgs
